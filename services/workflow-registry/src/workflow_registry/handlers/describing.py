"""What agents tell of the servers that they hold."""

import asyncio
import base64
import binascii

from contracts.errors import InvalidError
from contracts.registry.requests import DescriptionView, FindDescription, StoreDescription
from workflow_registry.ports import Descriptions


async def find_description(descriptions: Descriptions, request: FindDescription) -> DescriptionView:
    return DescriptionView(is_known=bool(await descriptions.known([request.digest])))


async def store_description(
    descriptions: Descriptions, told: asyncio.Event, request: StoreDescription
) -> DescriptionView:
    """Keep one page; with the last one the fleet is looked at anew."""
    if request.page >= request.pages:
        raise InvalidError(f"page {request.page} of {request.pages} cannot be", code="not_that")
    try:
        data = base64.b64decode(request.data, validate=True)
    except binascii.Error as error:
        raise InvalidError("the page is not base64", code="not_that") from error
    is_known = await descriptions.add(request.digest, request.page, request.pages, data)
    if is_known:
        told.set()
    return DescriptionView(is_known=is_known)
