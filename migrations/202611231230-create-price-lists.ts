import type { Migration } from './migration.js';

/** Price lists: instance-wide, versioned, never changed once imported. */
export const createPriceLists: Migration = {
  name: '202611231230-create-price-lists',
  up: `
CREATE TABLE price_list (
  version integer NOT NULL,
  source text NOT NULL,
  digest text NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT price_list_pkey PRIMARY KEY (version),
  CONSTRAINT price_list_version_check CHECK (version > 0)
);

CREATE TABLE model_price (
  version integer NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  -- which model ids it prices, and its conditional rates: the shapes of schema/contracts/prices.ts
  match jsonb NOT NULL,
  rules jsonb NOT NULL,
  -- the order of the source, in which matches are tried
  position integer NOT NULL,
  CONSTRAINT model_price_pkey PRIMARY KEY (version, provider, model),
  CONSTRAINT model_price_version_fkey FOREIGN KEY (version) REFERENCES price_list (version)
);

-- Prices are public facts: no tenant, no row-level security.
GRANT SELECT, INSERT ON price_list, model_price TO tollgate_api;
GRANT SELECT ON price_list, model_price TO tollgate_proxy;`,
  down: `
DROP TABLE model_price;
DROP TABLE price_list;`,
};
