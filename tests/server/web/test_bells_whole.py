"""Who asks for the whole of the bells is told all that are open, in parts, before what becomes of them."""

from server.protocol.tokens import Role
from server.web import ops_boards
from tests.server.web.web_world import Running, eventually, ring, stop_x


async def test_the_whole_of_the_bells_comes_first(server: Running) -> None:
    empty = await server.hello(Role.OPERATOR)
    await empty.send({"type": "watch", "what": "bells", "whole": True})
    assert (await empty.until("bells", full=True))["bells"] == []
    await server.bus("V1", stop_x(1))
    rider = await server.hello(Role.RIDER)
    await rider.send(ring())
    await rider.until("bell")
    event = await empty.until("bell_event")
    late = await server.hello(Role.OPERATOR)
    await late.send({"type": "watch", "what": "bells", "whole": True, "route_id": "10"})
    (bell,) = (await late.until("bells"))["bells"]
    assert bell["bell"] == event["bell"]
    assert "rider" not in bell


async def test_many_bells_come_in_parts(server: Running) -> None:
    board = server.house.bell_board
    rider = await server.hello(Role.RIDER)
    await server.bus("V1", stop_x(1))
    await rider.send(ring())
    await eventually(lambda: len(board.open) == 1)
    (one,) = board.open
    count = ops_boards.BELLS_A_FRAME + 3
    board._open.update({f"b{i}": one for i in range(count - 1)})
    parts = list(board.whole(None))
    assert [(part.full, len(part.bells)) for part in parts] == [(True, ops_boards.BELLS_A_FRAME), (False, 3)]
    assert [len(part.bells) for part in board.whole("nothing")] == [0]
