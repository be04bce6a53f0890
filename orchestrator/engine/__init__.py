"""The pure core: state, event and time in; state and actions out. No I/O, no clock, no randomness."""

from types import BuiltinFunctionType
from typing import Final

from orchestrator.engine.allotment import on_ask, on_release
from orchestrator.engine.chunks import Chunks
from orchestrator.engine.customer import Customer, Pointer, Record
from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.message import Absorb, Claim, Follow, Granted, Message, Release
from orchestrator.engine.pages import Pages
from orchestrator.engine.requests import Request
from orchestrator.engine.step import on_event, on_message, on_request, on_sweep, on_timer
from orchestrator.engine.turn import Failed, Outgoing, Step

IS_COMPILED: Final = isinstance(on_event, BuiltinFunctionType)
"""Whether this is the form that mypyc makes of it, see ``deploy/compiled.py``."""

__all__ = [
    "IS_COMPILED",
    "Absorb",
    "Chunks",
    "Claim",
    "Customer",
    "Env",
    "Failed",
    "Follow",
    "Granted",
    "Home",
    "Ledger",
    "Message",
    "Outgoing",
    "Pages",
    "Pointer",
    "Record",
    "Release",
    "Request",
    "Step",
    "on_ask",
    "on_event",
    "on_message",
    "on_release",
    "on_request",
    "on_sweep",
    "on_timer",
]
