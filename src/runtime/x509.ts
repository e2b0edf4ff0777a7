/** The library for certificates, over Node's own cryptography. It wants to find reflection when it is loaded, so everybody takes it from here. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

export { x509 };
