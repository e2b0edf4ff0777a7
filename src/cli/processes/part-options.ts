export interface PartOptions {
  readonly data?: string;
  readonly port: number;
}
