/** Conditions of a WHERE, each with its parameter: values never become SQL text. */

/** Collects conditions whose parameters come after `$1`, the account that a tenant transaction puts first. */
export class SqlConditions {
  readonly parameters: unknown[] = [];
  private readonly conditions: string[] = [];

  /** Takes a value as the next parameter and answers its placeholder. */
  parameter(value: unknown): string {
    this.parameters.push(value);
    return `$${this.parameters.length + 1}`;
  }

  /** Adds the condition that `sql` makes of the value's placeholder, unless the value is absent. */
  where<T>(value: T | null | undefined, sql: (placeholder: string) => string): this {
    if (value !== null && value !== undefined) this.conditions.push(sql(this.parameter(value)));
    return this;
  }

  and(condition: string): this {
    this.conditions.push(condition);
    return this;
  }

  /** the conditions, joined by AND */
  get sql(): string {
    return this.conditions.join(' AND ');
  }
}
