from functools import partial

from node_agent import app
from node_agent.settings import Settings
from runtime.process.run import run

if __name__ == "__main__":
    run(partial(app.run, Settings()))
