import { FactNews } from '@parley/platform/event-log/fact-news.js';
import { Forgetting } from '@parley/platform/personal-data/forgetting.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { Injectable } from '@nestjs/common';
import { PersonErased } from '../domain/erasure.events.js';

/** Lets this process forget whoever is erased, whichever process erased them. */
@Injectable()
export class ForgetErased {
  constructor(news: FactNews, forgetting: Forgetting, keys: PersonKeys) {
    forgetting.register('person-keys', (erased) => keys.forget(erased));
    news.hear({ PersonErased }, ({ data, meta, position }) => void forgetting.forget({ tenantId: meta.tenantId, subjectId: data.personId, position }));
  }
}
