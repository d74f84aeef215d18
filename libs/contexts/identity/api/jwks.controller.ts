import { Public } from '@parley/platform/graphql-kit/caller.js';
import { Controller, Get, Header } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { SigningKeys } from '../tokens/signing-keys.js';

/** Where others learn how to check our access tokens (RFC 7517). */
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keys: SigningKeys) {}

  @Public()
  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=60') // a key that was taken away is refused elsewhere within a minute, too
  jwks(): JSONWebKeySet {
    return this.keys.jwks();
  }
}
