"""Names of classes and model files are stored once for all servers that have the same."""

import asyncpg

from scheduler.domain.effects import Effects

from .test_sql_ledger import a_ledger, a_node, database_url, pool

__all__ = ["database_url", "pool"]


async def test_equal_servers_are_stored_with_one_copy_of_their_names(pool: asyncpg.Pool) -> None:
    ledger, nodes = await a_ledger(pool), [a_node(), a_node(), a_node()]
    nodes[2].capabilities.classes = frozenset({"A", "B"})  # the digest alone does not decide
    by_id = {node.id: node for node in nodes}
    await ledger.commit(Effects(nodes=by_id, capabilities=by_id))

    state = await ledger.load()
    assert await pool.fetchval("SELECT count(*) FROM capability_names") == 2
    assert [len(state.nodes[node.id].capabilities.classes) for node in nodes] == [1, 1, 2]

    await ledger.commit(Effects(removed_nodes={nodes[2].id}))
    assert await pool.fetchval("SELECT count(*) FROM capability_names") == 1


async def test_a_row_of_the_release_before_holds_its_names_itself(pool: asyncpg.Pool) -> None:
    ledger, node = await a_ledger(pool), a_node()
    await ledger.commit(Effects(nodes={node.id: node}, capabilities={node.id: node}))
    await pool.execute(
        """UPDATE node_capabilities SET body = '{"digest": "d", "classes": ["C"]}'"""
    )

    state = await ledger.load()

    assert state.nodes[node.id].capabilities.classes == {"C"}
