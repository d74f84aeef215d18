import { Module } from '@nestjs/common';
import { BundleExport } from '../chain/bundle-export.js';
import { ChainReads } from '../chain/chain-reads.js';
import { TableCheck } from '../chain/table-check.js';
import { EvidenceController } from './evidence.controller.js';

/** Runs at the gateway. It has no key: what is to be signed is signed where AuditChainModule runs. */
@Module({ controllers: [EvidenceController], providers: [ChainReads, BundleExport, TableCheck] })
export class AuditEvidenceApiModule {}
