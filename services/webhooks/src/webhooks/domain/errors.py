"""Expected errors of webhooks."""

from contracts.errors import ConflictError, FieldError, InvalidError, NotFoundError


class WebhookNotFoundError(NotFoundError):
    message = "there is no such webhook"


class DeliveryNotFoundError(NotFoundError):
    message = "there is no such delivery"


class TooManyWebhooksError(ConflictError):
    code = "too_many_webhooks"
    message = "you have as many webhooks as one user may: delete one first"


class TooManyJobWebhooksError(ConflictError):
    code = "too_many_job_webhooks"
    message = "too many jobs with a webhook of yours have not appeared yet"


class TooManyDeliveriesError(ConflictError):
    code = "too_many_deliveries"
    message = "as many deliveries of yours wait as one user may have"


class WebhookDisabledError(ConflictError):
    code = "webhook_disabled"
    message = "the webhook is disabled: enable it first"


class SecretShownError(ConflictError):
    code = "idempotency_key_used"
    message = "the key made this webhook before, and its secret is shown once: make another"


class IdTakenError(ConflictError):
    code = "webhook_id_taken"
    message = "the id is taken"


def bad_url(path: str, text: str) -> InvalidError:
    problem = FieldError(path=path, code="bad_url", message=text)
    return InvalidError(f"{path}: {text}", code="bad_url", errors=[problem])
