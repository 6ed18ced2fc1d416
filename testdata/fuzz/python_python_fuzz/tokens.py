x = f"{a!r:>{w}}" rb'\x00' """t"""
from .a import (b as c,
  d)
@f(*a, **{"k": [1, -2.5e3j, None]})
async def g(m: str = os.getenv("M", "x")) -> "y":
    return lambda: m[1:2] if m else os.environ["A"] + "b" % ()
