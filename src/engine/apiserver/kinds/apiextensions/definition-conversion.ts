import type { CustomResourceConversion } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateWebhookClient } from '../admissionregistration/webhook-client.ts';

const STRATEGIES = new Set(['None', 'Webhook']);
const REVIEW_VERSIONS = new Set(['v1', 'v1beta1']);

export function validateConversion({ strategy, webhook }: CustomResourceConversion, path: string, found: Findings): void {
  found.requiredEnum(`${path}.strategy`, strategy, STRATEGIES);
  const reviews = webhook?.conversionReviewVersions ?? [];
  if (strategy === 'Webhook') {
    if (webhook?.clientConfig === undefined) found.required(`${path}.webhookClientConfig`);
    else validateWebhookClient(webhook.clientConfig, `${path}.webhookClientConfig`, found);
    validateReviewVersions(reviews, `${path}.conversionReviewVersions`, found);
    return;
  }
  if (webhook?.clientConfig !== undefined) found.forbidden(`${path}.webhookClientConfig`, 'goes with the strategy Webhook');
  if (reviews.length > 0) found.forbidden(`${path}.conversionReviewVersions`, 'goes with the strategy Webhook');
}

function validateReviewVersions(versions: readonly string[], path: string, found: Findings): void {
  if (versions.length === 0) {
    found.required(path);
    return;
  }
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) found.invalid(`${path}[${i}]`, version, 'is there twice');
    else found.eachInvalid(`${path}[${i}]`, version, dns1035Label(version));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.has(version))) found.invalid(path, versions, `must have one of ${[...REVIEW_VERSIONS].join(', ')}`);
}
