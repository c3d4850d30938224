/** What a gateway's records tell together. */
import { PageHead } from '../../components/page-head.js';
import { RangePicker } from '../../components/range-picker.js';
import { useTimeRange } from '../../use-time-range.js';
import { Consumers } from './consumers.js';
import './gateway-insights.css';
import { FrequentErrors, PromptFeedback, SlowestModels } from './quality.js';
import { ExpensiveRequests, RepeatedRequests } from './requests.js';

export function GatewayInsightsPage() {
  const chosen = useTimeRange();
  const { range } = chosen;
  return (
    <>
      <PageHead title="Insights" actions={<RangePicker chosen={chosen} />} />
      <div className="insights">
        <Consumers range={range} />
        <ExpensiveRequests range={range} />
        <RepeatedRequests range={range} />
        <FrequentErrors range={range} />
        <SlowestModels range={range} />
        <PromptFeedback range={range} />
      </div>
    </>
  );
}
