"""The tables of the scan's benchmark."""

from __future__ import annotations

from typing import Any


def markdown(result: dict[str, Any]) -> str:
    """Everything measured, with ratios to the peers and to the machine's limits."""
    machine = ", ".join(f"{key} {value}" for key, value in result["machine"].items() if value is not None)
    limits = result["limits"]
    lines = [
        "# Selective scan and Mamba block on the CPU",
        "",
        f"{machine}; {result['torch_threads']} threads; N = {result['N']}; load average at the end "
        f"{result['load_average_at_the_end']}. Medians.",
        "",
        f"Limits measured here: {limits['exponentials_per_second'] / 1e9:.2f} billion exponentials a second in "
        f"registers, {limits['bytes_per_second'] / 1e9:.1f} GB/s read and written while copying. The last two columns "
        "say how many times as long the scan takes as its exponentials alone, and as moving its bytes alone; ratios "
        "of time and memory are to `selective_scan_ref` (forward) and to mambapy (forward+backward).",
        "",
        "| | D, L | scan | seconds | faster | peak MiB | of the peer's memory | x exponentials | x bytes |",
        "|---|---|---|---|---|---|---|---|---|",
        *_scans(result["rows"]),
        "",
        "A whole Mamba block with frozen weights, and with the gradient of its input. `torch` is this project's block "
        "where numba is missing, `selective_scan_ref` the block as mamba-ssm computes it without its CUDA kernels.",
        "",
        "| | features, L | block | seconds | the fused block is faster |",
        "|---|---|---|---|---|",
        *(
            f"| {row['mode']} | {row['features']}, {row['L']} | {row['block']} | {row['seconds']:.4f} "
            f"| {row['fused_is_faster']:.1f}x |"
            for row in result["blocks"]
        ),
        "",
        "Where the time of its forward pass goes, each part timed by itself:",
        "",
        "| features, L | whole block | matrix products | scan, softplus and gate | convolution and SiLU | the rest |",
        "|---|---|---|---|---|---|",
        *_parts(result["parts"]),
        "",
        "Threads, D = 64, L = 100000:",
        "",
        "| | | seconds |",
        "|---|---|---|",
        *(f"| {row['mode']} | {row['what']} | {row['seconds']:.4f} |" for row in result["threads"]),
    ]
    return "\n".join(lines) + "\n"


def _scans(rows: list[dict[str, Any]]) -> list[str]:
    memory = {(row["mode"], row["D"], row["L"], row["scan"]): row["peak_mib"] for row in rows}
    lines = []
    for row in rows:
        peer = "selective_scan_ref" if row["mode"] == "forward" else "mambapy"
        peer_mib = memory.get((row["mode"], row["D"], row["L"], peer))
        mib = row["peak_mib"]
        share = f"1/{peer_mib / mib:.1f}" if mib and peer_mib else "-"
        size = "-" if mib is None else f"{mib:.0f}"
        ratios = " | ".join(_ratio(row[name]) for name in ("of_exponentials", "of_bytes"))
        lines.append(
            f"| {row['mode']} | {row['D']}, {row['L']} | {row['scan']} | {row['seconds']:.4f} "
            f"| {_ratio(row['times_faster'])} | {size} | {share} | {ratios} |"
        )
    return lines


def _parts(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        whole = row["seconds"]["whole block"]
        names = ("matrix products", "scan, softplus and gate", "convolution and SiLU")
        shares = [row["seconds"][name] / whole for name in names]
        cells = " | ".join(f"{share:.0%}" for share in (*shares, max(1 - sum(shares), 0)))
        lines.append(f"| {row['features']}, {row['L']} | {whole:.4f} s | {cells} |")
    return lines


def _ratio(value: float | None) -> str:
    return f"{value:.1f}x" if value else "-"
