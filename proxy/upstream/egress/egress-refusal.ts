/** A proxy that answered, and not with a connection; the message completes "the egress proxy …". */
export class EgressRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EgressRefusal';
  }
}

export const brokeProtocol = (): EgressRefusal => new EgressRefusal('did not answer as such a proxy does');
export const refusedCredentials = (): EgressRefusal => new EgressRefusal('did not accept its credentials');
