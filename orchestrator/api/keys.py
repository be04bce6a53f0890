"""API keys: which program it is that asks. They are compared in constant time, and logged nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from orchestrator.errors import SettingsError
from orchestrator.settings import Settings, check_api_key

_SCHEME: Final = b"bearer"


class Keys:
    """The keys of all programs that may ask, by the program's name."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._digests = {name: sha256(key.encode()).digest() for name, key in keys.items()}

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """Those of the settings and of the file that they name. Raises SettingsError."""
        keys = {name: key.get_secret_value() for name, key in settings.api_keys.items()}
        if settings.api_keys_file is not None:
            keys |= _read(settings.api_keys_file)
        _check_own(keys)
        return cls(keys)

    def caller(self, authorization: bytes | None) -> str | None:
        """Whose key a header ``Authorization: Bearer KEY`` has; None if it is nobody's."""
        scheme, _, key = (authorization or b"").partition(b" ")
        digest = sha256(key.strip()).digest()
        found = None
        for name, known in self._digests.items():
            # All are compared: how long it takes tells nothing.
            if compare_digest(digest, known):
                found = name
        return found if scheme.lower() == _SCHEME else None


def _check_own(keys: Mapping[str, str]) -> None:
    """Raises SettingsError if two programs have the same key: nobody could tell which of them asks."""
    names: dict[str, str] = {}
    for name, key in keys.items():
        other = names.setdefault(key, name)
        if other != name:
            raise SettingsError(f"api_keys: '{other}' and '{name}' have the same key: give each program its own")


def _read(path: Path) -> dict[str, str]:
    """A file with a line NAME=KEY for each program; what begins with # is a remark."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: api_keys_file can't be read: {error}") from None
    keys: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, key = (part.strip() for part in line.partition("="))
        if not key:
            problems.append(f"{path}:{number}: write NAME=KEY")
            continue
        try:
            check_api_key(name, key)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
        if name in keys:
            problems.append(f"{path}:{number}: '{name}' has a key in a line above: write one for each program")
        keys[name] = key
    if not keys:
        problems.append(f"{path}: there is no key in it: write a line NAME=KEY for each program")
    if problems:
        raise SettingsError("\n".join(problems))
    return keys
