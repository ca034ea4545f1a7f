"""The embedded JDS: folder deliveries from parameters, with a known truth.

`write_delivery` writes the first night, `write_next` the night after, `write_parts` the first night in pieces.
"""

from flows.extract.simulate.codes import CLOSURE_PHRASES
from flows.extract.simulate.delivery import Written, write_delivery, write_next, write_parts
from flows.extract.simulate.fault_rules import FAULT_RULES
from flows.extract.simulate.parameters import Parameters

__all__ = ["CLOSURE_PHRASES", "FAULT_RULES", "Parameters", "Written", "write_delivery", "write_next", "write_parts"]
