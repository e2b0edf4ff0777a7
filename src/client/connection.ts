/** How to reach and what to say to one Kubernetes API. */
export interface Connection {
  /** Base URL, such as `https://127.0.0.1:6443`; a path prefix is kept. */
  readonly server: string;
  /** PEM certificates that sign the server's. Absent: the system's. */
  readonly caPem?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** The name that the server's certificate is checked for, where it differs from the URL's. */
  readonly tlsServerName?: string;
  readonly token?: string;
  readonly clientCertificatePem?: string;
  readonly clientKeyPem?: string;
  /** Headers of an auth plugin, asked before each request. */
  readonly authorize?: () => Promise<Readonly<Record<string, string>>>;
  readonly userAgent?: string;
  /** The kubeconfig context's namespace; `default` where it names none. */
  readonly namespace?: string;
}
