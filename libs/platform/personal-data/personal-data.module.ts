import { Global, Module } from '@nestjs/common';
import { Random, SystemRandom } from '../random/random.js';
import { Codec } from './codec.js';
import { Forgetting } from './forgetting.js';
import { Opener } from './opener.js';
import { PersonKeys } from './person-keys.js';

@Global()
@Module({ providers: [{ provide: Random, useClass: SystemRandom }, PersonKeys, Codec, Opener, Forgetting], exports: [PersonKeys, Codec, Opener, Forgetting] })
export class PersonalDataModule {}
