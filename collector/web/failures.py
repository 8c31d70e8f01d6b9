"""What the reader is told when a page cannot be shown: the value, and the mend."""

from __future__ import annotations

import logging

from aiohttp import web

from collector.web.pages import PageMissingError
from collector.web.run_folder import NoRunError, RunFolderError
from collector.web.source_contexts import ErrorPage
from collector.web.words import say

_log = logging.getLogger(__name__)


class QuestionError(ValueError):
    """An address asks with a parameter that is not valid; the message is the parameter as sent."""


def explain(error: Exception, request: web.Request, language: str) -> ErrorPage:
    """Return what to tell the reader of a failure; one that nobody foresaw goes to the log with its trace."""
    match error:
        case PageMissingError(what="record"):
            told = (404, "error.record", "error.record.mend", error.value)
        case PageMissingError():
            told = (404, f"error.{error.what}", "error.address.mend", error.value)
        case NoRunError(number=None):
            told = (404, "error.no_run", "error.no_run.mend", error.community)
        case NoRunError():
            told = (404, "error.run", "error.run.mend", str(error.number))
        case QuestionError():
            told = (400, "error.question", "error.address.mend", str(error))
        case RunFolderError():
            told = (500, "error.folder", "error.folder.mend", str(error))
        case web.HTTPMethodNotAllowed():
            told = (405, "error.method", "error.address.mend", request.method)
        case web.HTTPException():
            told = (error.status, "error.address", "error.address.mend", request.path)
        case _:
            _log.error("the page %s failed", request.path, exc_info=error)
            told = (500, "error.fault", "error.fault.mend", type(error).__name__)
    return _tell(*told, language)


def refuse_name(name: str, language: str) -> ErrorPage:
    """Return what to tell who came by a host name the page does not answer to."""
    return _tell(403, "error.host", "error.host.mend", name, language)


def _tell(status: int, problem: str, mend: str, value: str, language: str) -> ErrorPage:
    return ErrorPage(status, say(problem, language, value=value), say(mend, language))
