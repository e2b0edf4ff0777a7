import type { AskWebhook } from '../../controllers/release/metrics-source.ts';

/** POSTs the question as JSON; the answer is 2xx with `{"verdict": "pass" | "fail" | "wait", "message": "…"}`. Redirects are not followed. */
export const askWebhook: AskWebhook = async (url, question, timeoutMs, signal) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const answer = (await response.json()) as { verdict?: unknown; message?: unknown } | null;
  const verdict = answer?.verdict;
  if (verdict !== 'pass' && verdict !== 'fail' && verdict !== 'wait') throw new Error('its answer has no verdict of pass, fail or wait');
  return { verdict, ...(typeof answer?.message === 'string' && { message: answer.message.slice(0, 500) }) };
};
