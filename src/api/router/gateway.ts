import { integer, list, object, rules, text } from '../schema.ts';

/** Gateways of the cluster that route instead of routers of Aweigh's own: https://gateway-api.sigs.k8s.io */
export interface GatewayRouting {
  /** The Gateways that users come through: each must have accepted a change before it counts as observed. */
  parentRefs: GatewayReference[];
  /** Host names of the requests that are routed here. Absent: those of the listeners. */
  hostnames?: string[];
  /**
   * Where a value of `X-Traffic-Group` leads that no track has. `production` (default) needs a match by regular expression, which not every
   * implementation has; `defaultSegment`: the request counts as one without the header.
   */
  unknownGroups?: 'production' | 'defaultSegment';
  /** Where the data plane is asked, by requests through it, whether it follows: the API has no word for it. Absent: `settleSeconds` alone count. */
  probe?: {
    /** Scheme, host and port, as the controllers reach it: `http://edge.infra.svc:8000`. */
    url: string;
    /** Requests, each on a connection of its own, that all have to be answered by the new route. Default 5. */
    times?: number;
  };
  /** How long a data plane may take to follow what its controller has accepted, or all of its instances what one has shown. Default 3, with a probe 0. */
  settleSeconds?: number;
  /** How long a Gateway's controller may take to answer before the Router says that none does. Default 60. */
  answerSeconds?: number;
}

export interface GatewayReference {
  name: string;
  /** Default: the Application's. */
  namespace?: string;
  /** Name of one listener. Absent: all of them. */
  sectionName?: string;
}

export const GATEWAY_DEFAULTS = { unknownGroups: 'production', settleSeconds: 3, answerSeconds: 60, probeTimes: 5 } as const;

const NAME = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';

export const gatewayRouting = object(
  'Gateways of the cluster that route, by HTTPRoutes.',
  {
    parentRefs: list(
      'The Gateways that users come through.',
      object('One Gateway.', {
        name: text('Name of the Gateway.', { pattern: NAME, maxLength: 253 }),
        namespace: text("Namespace of the Gateway. Default: the Application's.", { pattern: NAME, maxLength: 63 }),
        sectionName: text('One listener of it. Default: all.', { pattern: NAME, maxLength: 253 }),
      }, { required: ['name'] }),
      { minItems: 1, maxItems: 8 },
    ),
    hostnames: list('Host names of the requests that are routed here. Default: those of the listeners.', text('Host name.', { pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 253 }), { maxItems: 16, 'x-kubernetes-list-type': 'set' }),
    unknownGroups: text('Where values of X-Traffic-Group lead that no track has: production (default; by a regular expression), or as without the header.', { enum: ['production', 'defaultSegment'] }),
    probe: object('Requests that ask the data plane whether it follows.', {
      url: text('Scheme, host and port, as the controllers reach it.', { pattern: '^https?://[^/?#@]+$', maxLength: 300 }),
      times: integer('Requests that all have to be answered by the new route. Default 5.', { minimum: 1, maximum: 50 }),
    }, { required: ['url'] }),
    settleSeconds: integer('How long a data plane may take to follow what its controller has accepted, or with a probe all its instances what some have shown. Default 3, with a probe 0.', { minimum: 0, maximum: 600 }),
    answerSeconds: integer("How long a Gateway's controller may take to answer. Default 60.", { minimum: 1, maximum: 3600 }),
  },
  { required: ['parentRefs'], ...rules(['!has(self.probe) || self.parentRefs.all(p, p.name == self.parentRefs[0].name)', 'probe asks one data plane: name one Gateway in parentRefs, or wait by settleSeconds']) },
);

/** What one HTTPRoute may hold: https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#httproutespec */
export const HTTP_ROUTE_LIMITS = { rules: 16, matchesPerRule: 64 } as const;
/** Users of all lists together, so that an HTTPRoute's 128 matches are enough for them and for the segments. */
export const MAX_LISTED_USERS = 100;
