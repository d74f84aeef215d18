import { Module } from '@nestjs/common';
import { ForgetErased } from './forget-erased.js';

/** Runs in every process that opens personal text. */
@Module({ providers: [ForgetErased] })
export class IdentityForgetModule {}
