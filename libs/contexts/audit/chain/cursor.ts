/** Pages, taken one row after another, with a look at the next. */
export class Cursor<Row> {
  private rows: readonly Row[] = [];
  private at = 0;

  constructor(private readonly pages: AsyncGenerator<readonly Row[], void>) {}

  async peek(): Promise<Row | undefined> {
    while (this.at >= this.rows.length) {
      const { value, done } = await this.pages.next();
      if (done) return undefined;
      [this.rows, this.at] = [value, 0];
    }
    return this.rows[this.at];
  }

  async next(): Promise<Row> {
    const row = await this.peek();
    if (row === undefined) throw new RangeError('there is no next row');
    this.at += 1;
    return row;
  }
}
