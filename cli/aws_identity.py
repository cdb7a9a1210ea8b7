"""What this computer has for AWS: profiles, their regions, and who AWS takes its credentials for (one free call)."""

from __future__ import annotations

import os

from footage.kinesis.errors import Call, explain, explain_failure
from footage.pacing import Passing


def aws_identity(profile: str | None, region: str | None) -> str:
    """Account and ARN. Raises AwsCredentials, AwsPermission and ServiceUnreachable."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
    call = Call("GetCallerIdentity", profile=profile, service="sts")
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


def aws_profiles() -> list[str]:
    """The profiles in AWS's own files."""
    import boto3

    return boto3.Session().available_profiles


def aws_region(profile: str | None) -> str | None:
    """The region that boto3 takes with a profile (None: without one); None where it knows none.

    Raises InputRefused where there is no such profile.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session(profile_name=profile).region_name or os.environ.get("AWS_REGION")
    except BotoCoreError as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        raise _final(explain_failure(Call("", profile=profile), kinds, str(error))) from error


def _final(error: Exception) -> Exception:
    return error.end if isinstance(error, Passing) else error
