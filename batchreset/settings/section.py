"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the job file. Strict: `"64"` is not a number, and no further key is let through."""

    # The value found is kept out of pydantic's own text: it may come from a variable that must not be shown.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)
