/** The cookies: of a session, and of a sign-in by OpenID that is under way. RFC 6265bis §4.1.3 for the prefix of their names. */
import { parseCookie, stringifySetCookie } from "cookie";

export interface CookieOptions {
  readonly contextPath: string;
  /** `https://ldap.example.com`, where it is configured. */
  readonly publicUrl?: string | undefined;
}

/** Whichever it is, scripts cannot read it. */
export interface CookieKind {
  readonly name: string;
  /** `strict`: only this site's own pages have it sent. `lax`: also links from elsewhere that lead here. */
  readonly sameSite: "strict" | "lax";
}

export const sessionCookie: CookieKind = { name: "espalier_session", sameSite: "strict" };
/** The provider sends people back by a link from its own site. */
export const oidcCookie: CookieKind = { name: "espalier_oidc", sameSite: "lax" };

export class Cookies {
  readonly #options: CookieOptions;

  constructor(options: CookieOptions) {
    this.#options = options;
  }

  /** @param origin of the request, as its client sees it: only over https is a cookie kept to https */
  read(kind: CookieKind, origin: string, header: string | undefined): string | undefined {
    if (header === undefined) return undefined;
    // With the prefix no other: a page of a neighbouring host name can set one without it.
    return parseCookie(header)[this.#nameOf(kind, this.#isSecure(origin))];
  }

  /** The `Set-Cookie` header; of an empty `value`, the one that removes it. */
  write(kind: CookieKind, origin: string, value: string, maxAgeSeconds: number): string {
    const secure = this.#isSecure(origin);
    return stringifySetCookie({
      ...{ name: this.#nameOf(kind, secure), value, httpOnly: true, secure, sameSite: kind.sameSite },
      path: this.#options.contextPath === "" ? "/" : this.#options.contextPath,
      maxAge: value === "" ? 0 : maxAgeSeconds,
    });
  }

  #nameOf({ name }: CookieKind, secure: boolean): string {
    return secure && this.#options.contextPath === "" ? `__Host-${name}` : name;
  }

  #isSecure(origin: string): boolean {
    return (this.#options.publicUrl ?? origin).startsWith("https:");
  }
}
