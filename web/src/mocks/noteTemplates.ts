import type { Item, NoteTemplate, Option, Questionnaire } from '@/api/noteTypes'

const OURS = 'https://lamplight.health/fhir/StructureDefinition/'
const HL7 = 'http://hl7.org/fhir/StructureDefinition/'
const CODES = 'https://lamplight.health/fhir/CodeSystem/note-answers'
export const SHIFT = 'https://lamplight.health/fhir/Questionnaire/shift-note'

const option = (code: string, display: string, points?: number): Option => ({
  valueCoding: { system: CODES, code, display },
  ...(points !== undefined && { extension: [{ url: `${HL7}ordinalValue`, valueDecimal: points }] }),
})
const choice = (linkId: string, text: string, options: Option[], more: Partial<Item> = {}): Item => ({
  linkId,
  type: 'choice',
  text,
  answerOption: options,
  ...more,
})
const scale = (linkId: string, text: string, words: string[]): Item =>
  choice(
    linkId,
    text,
    words.map((it, i) => option(`${linkId}-${i + 1}`, it, i + 1)),
    { required: true },
  )
const band = (low: number | undefined, high: number | undefined, text: string, alert = false) => ({
  url: `${OURS}note-band`,
  extension: [
    ...(low === undefined ? [] : [{ url: 'low', valueInteger: low }]),
    ...(high === undefined ? [] : [{ url: 'high', valueInteger: high }]),
    { url: 'text', valueString: text },
    ...(alert ? [{ url: 'alert', valueBoolean: true }] : []),
  ],
})

const shift: Questionnaire = {
  resourceType: 'Questionnaire',
  url: SHIFT,
  version: '1',
  title: 'Shift note',
  status: 'active',
  code: [{ system: 'http://loinc.org', code: '34746-8' }],
  item: [
    {
      linkId: 'general',
      type: 'group',
      text: 'General',
      item: [
        choice('mood', 'Mood', [option('calm', 'Calm'), option('low', 'Low'), option('anxious', 'Anxious')], {
          required: true,
        }),
        choice('meals', 'Meals', [option('all', 'All'), option('half', 'Half'), option('none', 'None')]),
        { linkId: 'observations', type: 'text', text: 'Observations' },
      ],
    },
    {
      linkId: 'pain-group',
      type: 'group',
      text: 'Pain',
      item: [
        { linkId: 'pain', type: 'boolean', text: 'In pain' },
        {
          linkId: 'pain-level',
          type: 'integer',
          text: 'How much, 0 to 10',
          required: true,
          enableWhen: [{ question: 'pain', operator: '=', answerBoolean: true }],
          extension: [
            { url: `${HL7}minValue`, valueInteger: 0 },
            { url: `${HL7}maxValue`, valueInteger: 10 },
          ],
        },
        {
          linkId: 'weight',
          type: 'quantity',
          text: 'Weight',
          extension: [
            {
              url: `${HL7}questionnaire-unit`,
              valueCoding: { system: 'http://unitsofmeasure.org', code: 'kg', display: 'kg' },
            },
          ],
        },
        { linkId: 'seen-at', type: 'dateTime', text: 'Seen at' },
      ],
    },
  ],
}

const skin: Questionnaire = {
  resourceType: 'Questionnaire',
  url: 'https://lamplight.health/fhir/Questionnaire/skin-note',
  version: '1',
  title: 'Skin and pressure',
  status: 'active',
  code: [{ system: 'http://loinc.org', code: '34746-8' }],
  extension: [{ url: `${OURS}note-step-up`, valueBoolean: true }],
  item: [
    {
      linkId: 'risk',
      type: 'group',
      text: 'Risk',
      item: [
        scale('moisture', 'Moisture', ['Constantly moist', 'Often moist', 'Occasionally', 'Rarely']),
        scale('activity', 'Activity', ['Bedfast', 'Chairfast', 'Walks occasionally', 'Walks frequently']),
        {
          linkId: 'risk-score',
          type: 'integer',
          text: 'Risk score',
          readOnly: true,
          code: [{ system: 'http://loinc.org', code: '38227-5' }],
          extension: [
            band(undefined, 3, 'High risk', true),
            band(4, 6, 'Some risk'),
            band(7, undefined, 'No particular risk'),
            {
              url: 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression',
              valueExpression: {
                language: 'text/fhirpath',
                expression: '%context.item.answer.value.ordinal().sum()',
              },
            },
          ],
        },
      ],
    },
  ],
}

export const templateOf = (
  questionnaire: Questionnaire,
  status: NoteTemplate['status'],
  standard: boolean,
): NoteTemplate => {
  const flag = (name: string) =>
    questionnaire.extension?.find((it) => it.url === `${OURS}${name}`)?.valueBoolean === true
  return {
    template: `${questionnaire.url}|${questionnaire.version}`,
    url: questionnaire.url ?? '',
    version: questionnaire.version ?? '',
    title: questionnaire.title ?? '',
    status,
    standard,
    kind: questionnaire.code?.[0]?.code ?? '',
    step_up: flag('note-step-up'),
    co_sign: flag('note-co-sign'),
    questionnaire,
  }
}

export const makeTemplates = (): NoteTemplate[] => [
  templateOf(skin, 'active', true),
  templateOf(shift, 'active', true),
]
