"""Import this before torch: its idle threads then wait as briefly as in the product's own processes."""

from UMambaXAILogic.engine.idle_threads import let_idle_threads_sleep

let_idle_threads_sleep()
