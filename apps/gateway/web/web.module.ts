import { Module } from '@nestjs/common';
import { RootController } from './root.controller.js';

/** The pages that a browser finds at the gateway's door. */
@Module({ controllers: [RootController] })
export class WebModule {}
