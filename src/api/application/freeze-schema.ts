import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';
import { integer, keyedList, object, text } from '../schema.ts';

export const freezeWindows: JSONSchemaProps = keyedList(
  'Times in which no promotion comes to a further track. Rollbacks, hotfixes and what a person promotes go on.',
  ['name'],
  object(
    'One freeze.',
    {
      name: text('Name of the freeze.', { maxLength: 63 }),
      schedule: text('When it begins: five cron fields.', { minLength: 9, maxLength: 100 }),
      durationSeconds: integer('How long it lasts.', { minimum: 60, maximum: 31536000 }),
      timeZone: text('IANA name. Default UTC.', { maxLength: 64 }),
      reason: text('Why, for people.', { maxLength: 1024 }),
    },
    { required: ['name', 'schedule', 'durationSeconds'] },
  ),
  { maxItems: 50 },
);
