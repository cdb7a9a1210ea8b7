"""Who AWS takes this computer's credentials for: one call of STS, which needs no permission and costs nothing."""

from __future__ import annotations

from footage.kinesis_errors import Call, explain, explain_failure
from footage.pacing import Passing


def aws_identity(profile: str | None, region: str | None) -> str:
    """Account and ARN. Raises AwsCredentials, AwsPermission and ServiceUnreachable."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
    call = Call("GetCallerIdentity", profile=profile)
    try:
        session = boto3.Session(profile_name=profile)
        where = region or session.region_name or "us-east-1"
        told = session.client("sts", region_name=where, config=config).get_caller_identity()
    except ClientError as error:
        answer = error.response
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        said = answer.get("Error", {})
        raise _final(explain(call, said.get("Code", ""), status, said.get("Message", ""))) from error
    except BotoCoreError as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        raise _final(explain_failure(call, kinds, str(error))) from error
    return f"{told['Arn']} (account {told['Account']}, region {where})"


def _final(error: Exception) -> Exception:
    return error.end if isinstance(error, Passing) else error
