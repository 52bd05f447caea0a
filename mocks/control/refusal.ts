/** Thrown by a fake's rules; the server turns it into the provider's own error body. */
export class Refusal extends Error {
  readonly status: number;
  /** Named fields and what is wrong with them, where the provider tells. */
  readonly fields: Readonly<Record<string, string[]>> | null;

  constructor(status: number, message: string, fields: Readonly<Record<string, string[]>> | null = null) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.fields = fields;
  }
}
