"""What a connection still has to say: tasks that end with it, and whose failure is not lost."""

from tandem.runtime.clock import TaskOwner


async def finish(later: TaskOwner) -> None:
    """End what is still to come; raise what went wrong in it."""
    await later.close()
    if later.failed.done() and not later.failed.cancelled():
        later.failed.result()
