/** What requests can be told apart by, and the filter of the logs that shows one part. */
import type { AnalyticsDimension } from '../../gql/graphql.js';
import { metadataText } from '../gateway-logs/log-filters.js';

export interface Dimension {
  readonly groupBy: AnalyticsDimension;
  /** of METADATA alone */
  readonly metadataKey: string | null;
  readonly label: string;
}

const plain = (groupBy: AnalyticsDimension, label: string): Dimension => ({ groupBy, metadataKey: null, label });

export const DIMENSIONS: readonly Dimension[] = [
  plain('MODEL', 'Model'),
  plain('PROVIDER', 'Provider'),
  plain('STATUS_CODE', 'Status'),
  plain('API_TOKEN', 'API token'),
  plain('ERROR_CODE', 'Error code'),
  plain('PATH', 'Path'),
];

const METADATA = 'METADATA:';
/** What stands for the many values that are not told apart: no log has it. */
const OTHER_VALUE = '(other)';

/** As the address has it. */
export const dimensionName = ({ groupBy, metadataKey }: Dimension): string =>
  metadataKey === null ? groupBy : `${METADATA}${metadataKey}`;

/** Out of an address; the first one when it names none. */
export function dimensionOf(name: string | null): Dimension {
  const key = name?.startsWith(METADATA) === true ? name.slice(METADATA.length) : '';
  if (key !== '') return { groupBy: 'METADATA', metadataKey: key, label: `Metadata ${key}` };
  return DIMENSIONS.find(({ groupBy }) => groupBy === name) ?? plain('MODEL', 'Model');
}

/** The parameter of the logs' page that shows the requests of one group; null: it has none for it. */
export function logFilter({ groupBy, metadataKey }: Dimension, key: string | null): readonly [string, string] | null {
  if (key === null) return null;
  switch (groupBy) {
    case 'MODEL':
      return ['model', key];
    case 'PROVIDER':
      return ['provider', key];
    case 'STATUS_CODE':
      return ['status', key];
    case 'API_TOKEN':
      return ['token', key];
    case 'ERROR_CODE':
      return ['errorCode', key];
    case 'METADATA':
      return key === OTHER_VALUE ? null : ['metadata', metadataText(metadataKey ?? '', key)];
    default:
      return null;
  }
}
