"""The settings of a collection: `flashcards.toml`, its tables for single decks, and the front matter of decks."""

from flashcards.settings.file import FILE_NAME as FILE_NAME
from flashcards.settings.file import SettingInvalid as SettingInvalid
from flashcards.settings.file import Settings as Settings
from flashcards.settings.file import find_front_matter_problems as find_front_matter_problems
from flashcards.settings.file import find_key_line as find_key_line
from flashcards.settings.file import find_own_properties as find_own_properties
from flashcards.settings.file import find_unknown_decks as find_unknown_decks
from flashcards.settings.file import load_settings as load_settings
from flashcards.settings.file import parse_settings as parse_settings
from flashcards.settings.values import SETTINGS as SETTINGS
from flashcards.settings.values import MockPreset as MockPreset
from flashcards.settings.values import Setting as Setting
from flashcards.settings.values import find_setting_problem as find_setting_problem
from flashcards.settings.values import has_values as has_values
from flashcards.settings.values import make_default_text as make_default_text
