"""Tables in files: which endings there are, and a file's rows with their lines."""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path

import pandas as pd

DATASETS = (".nc", ".zarr")
TABLES = (".csv", ".parquet")


def check_suffix(path: Path) -> None:
    """Refuse a path whose ending says that no trajectory is in it.

    Parameters
    ----------
    path : Path
    """
    if path.suffix not in DATASETS + TABLES:
        raise ValueError(
            f"{path} must end in {' or '.join(DATASETS)}, or for a table in "
            f"{' or '.join(TABLES)}; read other formats with pandas and give the DataFrame."
        )


def read_csv(file: Path | io.BytesIO, source: str, *, before: int = 0) -> pd.DataFrame:
    """The table, with the number of each data line as index; blank lines are dropped.

    Parameters
    ----------
    file : Path or BytesIO
    source : str
        Of messages.
    before : int
        Data lines that were read before these.

    Raises
    ------
    ValueError
        When it is no table in CSV with a header.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                encoding="utf-8-sig",  # spreadsheets put a mark before the header
                index_col=False,
                keep_default_na=False,  # a text may be called "None" or "NA"
                na_values=[""],
                skip_blank_lines=False,  # lines are counted
                skipinitialspace=True,
                low_memory=False,
            )
    except pd.errors.EmptyDataError:
        raise ValueError(f"{source} is empty.") from None
    except UnicodeDecodeError:
        raise ValueError(
            f"{source} is no CSV file in UTF-8: binary or otherwise encoded."
        ) from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = (isinstance(file, Path) and _long_line(file)) or error
        raise ValueError(f"{source} cannot be read as CSV: {reason}.") from None
    header = [str(name) for name in frame.columns]
    if len(header) == 1 and (other := next((c for c in ";\t|" if c in header[0]), None)):
        raise ValueError(
            f"{source} is separated by {other!r}, not by commas; read it with "
            f"pandas.read_csv(path, sep={other!r}) and give the DataFrame."
        )
    if not header or all(re.fullmatch(r"[-+.\deE]+", name) for name in header):
        raise ValueError(
            f"{source} has no header: its first line must be the names of the columns."
        )
    frame.index += before
    return frame.dropna(how="all")


def _long_line(path: Path) -> str:
    """Tells of the first line with more entries than the header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        expected = len(next(lines))
        found = next((len(line) for line in lines if len(line) > expected), 0)
        return f"line {lines.line_num} has {found} entries, the header {expected}" if found else ""


def read_parquet(path: Path) -> pd.DataFrame:
    """The table in a Parquet file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ImportError
        When pyarrow is not installed.
    ValueError
        When the file is damaged or of another format.
    """
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise ImportError(
            "to read Parquet, install pyarrow (pip install pyarrow), or write the table as CSV."
        ) from None
    except Exception as error:  # noqa: BLE001
        # The engines raise their own kinds of error for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{path} cannot be read as Parquet: truncated or of another format ({reason})."
        ) from None
