/** Certificates: looking at them, and a small authority. Apart from the rest, as making one takes 0.1 s to load. */
export type { CreateOptions, IssueOptions, Written } from "./authority.ts";
export { AuthorityError, createAuthority, issueCertificate, maxAuthorityDays, maxServerDays } from "./authority.ts";
export type { CertificateCheck, CertificateCheckOptions, CertificateSummary } from "./check-certificates.ts";
export { checkCertificates } from "./check-certificates.ts";
