"""ministack 1.5.33, mended in one thing: a Number parameter comes to a service of ECS as a text, with which ministack counts.
CloudFormation hands the number that the property is declared as. Takes what `ministack` takes."""

import sys

from ministack.services import ecs


def counted(call):
    def of(request, *rest):
        if isinstance(request.get("desiredCount"), str):
            request = {**request, "desiredCount": int(request["desiredCount"])}
        return call(request, *rest)

    return of


ecs._create_service = counted(ecs._create_service)
ecs._update_service = counted(ecs._update_service)

from ministack.app import main  # noqa: E402

sys.exit(main())
