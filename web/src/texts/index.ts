import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { accesses, notice } from './en/accesses'
import { account, authorize, context, newPassword, posts } from './en/account'
import { allergy, chart, medication, problem, vitals } from './en/chart'
import { common, errorPages, problems } from './en/common'
import { demo } from './en/demo'
import type { documents } from './en/documents'
import { emergencies } from './en/emergencies'
import type { erasures } from './en/erasures'
import { exports } from './en/exports'
import { facilities } from './en/facilities'
import { enroll, newFactor, recovery, stepUp } from './en/factors'
import type { family } from './en/family'
import type { imports } from './en/imports'
import type { medications } from './en/medications'
import { merges } from './en/merges'
import { modules } from './en/modules'
import { notes } from './en/notes'
import type { outlook } from './en/outlook'
import type { oversight } from './en/oversight'
import { admit, palette, patients } from './en/patients'
import { people, roles } from './en/people'
import type { platform } from './en/platform'
import { care, photo } from './en/sections'
import type * as shiftWords from './en/shift'
import { links, lock, signIn } from './en/signIn'
import { stays } from './en/stays'
import { support } from './en/support'
import type { templates } from './en/templates'

const en = {
  common,
  problems,
  errorPages,
  signIn,
  demo,
  lock,
  links,
  enroll,
  newFactor,
  recovery,
  stepUp,
  account,
  newPassword,
  context,
  posts,
  authorize,
  people,
  roles,
  emergencies,
  patients,
  admit,
  palette,
  chart,
  vitals,
  problem,
  allergy,
  medication,
  care,
  photo,
  stays,
  merges,
  accesses,
  notice,
  facilities,
  exports,
  modules,
  notes,
  support,
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'texts'
    // Some pages bring words of their own (`texts.ts` beside them): the others do not wait for them.
    resources: {
      texts: typeof en &
        typeof shiftWords & {
          documents: typeof documents
          erasures: typeof erasures
          family: typeof family
          imports: typeof imports
          medications: typeof medications
          outlook: typeof outlook
          oversight: typeof oversight
          platform: typeof platform
          templates: typeof templates
        }
    }
  }
}

export const texts = i18next.createInstance()

texts.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  ns: ['texts'],
  defaultNS: 'texts',
  resources: { en: { texts: en } },
  // React escapes.
  interpolation: { escapeValue: false },
})
