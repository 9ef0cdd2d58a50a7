import { texts } from '@/texts'
import { templates } from '@/texts/en/templates'

texts.addResourceBundle('en', 'texts', { templates }, true, true)
