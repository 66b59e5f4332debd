/** A tree of compose files as a self-hosted platform has it: one stack a folder, with its settings and its configuration. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** As the applications of such a platform are: what each has beside its image. */
const applications = [
  "auth",
  "backup",
  "cache",
  "chat",
  "db",
  "docs",
  "git",
  "mail",
  "metrics",
  "queue",
  "search",
  "web",
];

/**
 * Writes `services` services in `files` compose files below a folder, the same ones each time: environment in both forms,
 * anchors, healthchecks, networks, volumes, settings in `.env`, one configuration file each.
 */
export async function writeComposeTree(
  folder: string,
  { services, files }: { services: number; files: number },
): Promise<void> {
  for (let file = 0; file < files; file++) {
    const own: Service[] = [];
    for (let service = file; service < services; service += files) {
      own.push({ name: `${applications[service % applications.length]}${service}`, port: 10_000 + 2 * service });
    }
    const stack = join(folder, "stacks", `stack${String(file).padStart(2, "0")}`);
    await mkdir(join(stack, "conf"), { recursive: true });
    await writeFile(join(stack, "compose.yaml"), composeFile(file, own));
    await writeFile(join(stack, ".env"), settings(own));
    for (const { name } of own) await writeFile(join(stack, "conf", `${name}.conf`), configuration(name));
  }
}

interface Service {
  readonly name: string;
  readonly port: number;
}

function composeFile(file: number, services: readonly Service[]): string {
  return `# Stack ${file}: started by itself, on the network of the proxy.
name: stack${file}

x-logging: &logging
  driver: json-file
  options:
    max-size: "10m"
    max-file: "3"

x-defaults: &defaults
  restart: unless-stopped
  logging: *logging

services:
${services.map((each, index) => serviceOf(each, index === 0 ? undefined : services[0]?.name)).join("\n")}
networks:
  proxy:
    external: true
  back${file}:
    internal: true

volumes:
${services.map(({ name }) => `  ${name}_data:\n    driver: local\n`).join("")}`;
}

function serviceOf({ name, port }: Service, needed: string | undefined): string {
  const dependency =
    needed === undefined ? "" : `    depends_on:\n      ${needed}:\n        condition: service_healthy\n`;
  return `  ${name}:
    <<: *defaults
    image: registry.example.com/platform/${name}:\${${variable(name)}_TAG:-1.4.2}
    container_name: ${name}
    hostname: ${name}.example.com
    environment:
      - TZ=Europe/Berlin
      - PUID=1000
      - PGID=1000
      - ${variable(name)}_DOMAIN=\${DOMAIN}
      - ${variable(name)}_DATABASE_URL=postgres://${name}:\${${variable(name)}_PASSWORD}@db:5432/${name}
      - ${variable(name)}_LDAP_URL=ldap://ldap.example.com:389
      - ${variable(name)}_LDAP_BASE_DN=dc=example,dc=com
      - LOG_LEVEL=info
    labels:
      traefik.enable: "true"
      traefik.http.routers.${name}.rule: Host(\`${name}.\${DOMAIN}\`)
      traefik.http.routers.${name}.entrypoints: websecure
      traefik.http.routers.${name}.tls.certresolver: letsencrypt
      traefik.http.services.${name}.loadbalancer.server.port: "8080"
    ports:
      - "${port}:8080"
      - target: 9090
        published: "${port + 1}"
        protocol: tcp
        mode: host
    volumes:
      - ${name}_data:/var/lib/${name}
      - ./conf/${name}.conf:/etc/${name}/${name}.conf:ro
      - type: bind
        source: /etc/localtime
        target: /etc/localtime
        read_only: true
    networks:
      - proxy
${dependency}    healthcheck:
      test: ["CMD", "curl", "-fsS", "http://localhost:8080/health"]
      interval: 30s
      timeout: 5s
      retries: 3
      start_period: 20s
    deploy:
      resources:
        limits:
          memory: 512m
`;
}

function settings(services: readonly Service[]): string {
  const lines = services.map(
    ({ name }) => `${variable(name)}_TAG=1.5.0\n${variable(name)}_PASSWORD='change-me-${name}'`,
  );
  return `# Settings of this stack.\nDOMAIN=example.com\n${lines.join("\n")}\n`;
}

function configuration(name: string): string {
  const lines = Array.from({ length: 40 }, (_, index) => `${name}.setting.${index} = value ${index * 7}`);
  return `# ${name}\n${lines.join("\n")}\n`;
}

function variable(name: string): string {
  return name.toUpperCase();
}
