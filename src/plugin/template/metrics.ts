import type { Counter, Registry } from '../../admin/metrics.ts'
import type { Query } from '../query.ts'
import type { TemplateData } from './data.ts'
import type { GoTemplate } from './gotemplate/evaluate.ts'

/** Counters of what templates did. */
export interface TemplateMetrics {
  matched(query: Query, data: TemplateData): Counter
  failed(
    what: 'template' | 'rr',
    query: Query,
    data: TemplateData,
    section: string,
    template: GoTemplate,
  ): void
}

const LABELS = ['server', 'zone', 'view', 'class', 'type']

export function templateMetrics(metrics: Registry): TemplateMetrics {
  const matches = metrics.counter(
    'coredns_template_matches_total',
    'Queries that a template took.',
    LABELS,
  )
  const failures = [...LABELS, 'section', 'template']
  const families = {
    template: metrics.counter(
      'coredns_template_template_failures_total',
      'Go templates that failed.',
      failures,
    ),
    rr: metrics.counter(
      'coredns_template_rr_failures_total',
      'Go templates that gave no record.',
      failures,
    ),
  }
  return {
    matched: (query, data) => matches.labels(...labelsOf(query, data)),
    failed: (what, query, data, section, template) =>
      families[what].labels(...labelsOf(query, data), section, template.text).inc(),
  }
}

function labelsOf(query: Query, data: TemplateData): string[] {
  return [query.exchange.listener.label, data.Zone, query.view, data.Class, data.Type]
}
