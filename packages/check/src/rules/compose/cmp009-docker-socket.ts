import { defineRule } from "../../engine/rule.ts";
import { isSocketProxy } from "./image.ts";
import { pathIn, servicesOf } from "./service.ts";

const sockets = /\/(?:docker|containerd|podman|crio)\.sock$/;

export const cmp009 = defineRule({
  id: "CMP009",
  title: "container has Docker's socket",
  severity: "critical",
  profile: "lab",
  reads: ["compose"],
  fix: "none",
  explanation: `Who can speak to Docker's socket can start a container that mounts the host's disk: it is root on the host. Mounting it read-only (\`:ro\`) changes nothing, since requests go through the socket and not into the file.

Put a socket proxy in between that lets through only what the program needs, on a network that only the two are on. CMP010 looks at what such a proxy allows.`,
  references: ["Docker documentation, “Protect the Docker daemon socket”", "CIS Docker Benchmark, 5.31"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      if (isSocketProxy(service)) continue;
      for (const { source = "", isReadOnly, node } of service.mounts) {
        if (!sockets.test(source)) continue;
        yield {
          subject: service.name,
          message: `${service.name} has Docker's socket, which is root on the host${isReadOnly ? "; that it is read-only does not help" : ""}`,
          at: node,
          path: pathIn(service, "volumes", source),
          value: source,
          fix: `Give the socket to a proxy and let ${service.name} ask that:\nservices:\n  docker-proxy:\n    image: tecnativa/docker-socket-proxy\n    environment: { CONTAINERS: 1, POST: 0 }\n    volumes: ["${source}:/var/run/docker.sock:ro"]\n    networks: [docker-proxy]\n  ${service.name}:\n    environment: { DOCKER_HOST: "tcp://docker-proxy:2375" }\n    networks: [docker-proxy]`,
        };
      }
    }
  },
});
