/** Most that is remembered, twice over. */
const MOST = 1_024;

/** What was made of objects lately, for those who ask for the same at about the same time. What comes after many others is made anew. */
export class Recent<Key extends object, Made> {
  private young = new Map<Key, Made>();
  private old = new Map<Key, Made>();

  get(key: Key): Made | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  set(key: Key, made: Made): Made {
    if (this.young.size >= MOST) [this.old, this.young] = [this.young, new Map<Key, Made>()];
    this.young.set(key, made);
    return made;
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
