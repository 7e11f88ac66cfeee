from config.work.registry import register, register_periodic

__all__ = ["register", "register_periodic"]
