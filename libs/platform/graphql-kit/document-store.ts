import type { ApolloDriverConfig } from '@nestjs/apollo';
import { Injectable, Optional } from '@nestjs/common';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { Forgetting } from '../personal-data/forgetting.js';

/** Most text of documents that is remembered; parsed it takes some thirty times as much memory. */
const MOST_CHARACTERS = 1024 * 1024;

/**
 * Documents that were parsed and found valid, so that the same one is not again. A client may write what a person says into the document
 * itself, where nobody can tell whose it is: when someone is erased, all are let go.
 */
@Injectable()
export class DocumentStore implements NonNullable<ApolloDriverConfig['documentStore']> {
  private readonly documents = new LRUCache<string, DocumentNode>({ maxSize: MOST_CHARACTERS, sizeCalculation: ({ loc }) => (loc?.source.body.length ?? 0) + 1 });

  constructor(@Optional() forgetting?: Forgetting) {
    forgetting?.register('documents', () => this.documents.clear());
  }

  async get(key: string): Promise<DocumentNode | undefined> {
    return this.documents.get(key);
  }

  async set(key: string, document: DocumentNode): Promise<void> {
    this.documents.set(key, document);
  }

  async delete(key: string): Promise<boolean> {
    return this.documents.delete(key);
  }
}
