import { texts } from '@/texts'
import { imports } from '@/texts/en/imports'

texts.addResourceBundle('en', 'texts', { imports }, true, true)
