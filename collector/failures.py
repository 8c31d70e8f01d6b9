"""Which errors reach people as one line, and with which exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from collector.broker import BrokerError
from collector.demo import DemoError
from collector.house import BusyError
from collector.intake import IntakeBusyError
from collector.refresh import RefreshError
from collector.settings import SettingsError
from connectors.base import KeepingError, SourceUnreachableError
from connectors.hub import HubError
from connectors.mqtt.source import MqttSourceError
from connectors.profile import ProfileError
from connectors.register import RegisterError
from connectors.vocabulary import VocabularyError
from evidence.acts import ActError
from evidence.catalogue import CatalogueError
from evidence.form import FormError
from evidence.gaps import GapError
from evidence.ledger import LedgerError
from evidence.run import RunError
from evidence.series import SeriesRefusedError
from scoring.rubric import RubricError

WRONG_CALL = (SettingsError, CatalogueError, ProfileError, HubError, VocabularyError, RubricError, MqttSourceError)
FAILED = (
    SourceUnreachableError,
    BusyError,
    IntakeBusyError,
    KeepingError,
    RegisterError,
    ActError,
    FormError,
    GapError,
    RunError,
    LedgerError,
    SeriesRefusedError,
    RefreshError,
    DemoError,
    BrokerError,
    OSError,
)


def call(work: Callable[[], object]) -> int:
    """Run the work and return the exit code: 0 done, 1 failed, 2 wrong call or settings; one line for each error."""
    try:
        work()
    except WRONG_CALL as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except FAILED as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 1
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    return 0
