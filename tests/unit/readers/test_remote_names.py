"""Addresses of remote data: which are read, and how they are named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import open_dataset, own_name, remote_s3
from core.readers.datasets import find_dataset
from core.readers.remote_names import address_of, is_allowed
from core.store.own_names import OwnNames


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("s3://bucket/pre/fix", True),
        ("s3://bucket/pre/fix/deeper/x.tar", True),
        ("s3://bucket/pre/fixed", False),
        ("s3://bucket/pre", False),
        ("s3://bucket2/pre/fix", False),
        ("https://host.org/sets/x.tar", True),
        ("https://host.org:444/sets/x.tar", False),
        ("http://127.0.0.1:80/sets", False),
    ],
)
def test_only_prefixes_that_the_host_names(url: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMV_REMOTE", raising=False)
    assert not is_allowed(url)
    monkeypatch.setenv("TMV_REMOTE", "s3://bucket/pre/fix/ https://HOST.org/sets")
    assert is_allowed(url) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@bucket/x",
        "https://user:secret@host/x.tar",
        "https://host/x.tar?token=secret",
        "https://host/x.tar#secret",
        "https://host/sets/../secret/x.tar",
        "https://host/sets/%2e%2e/secret/x.tar",
        "https://host/sets/%252e%252e/secret/x.tar",
        "https://host/sets/..%2fsecret/x.tar",
        "https://host/sets/..\\secret/x.tar",
        "https://{host,secret}/x.tar",
        "http://host/secret.tar",
        "ftp://host/secret.tar",
        "file:///secret",
        "s3:///secret",
    ],
)
def test_other_addresses_are_refused_without_repeating_them(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMV_REMOTE", "s3://bucket https://host http://host")
    for prefix in ("wds", "folder"):
        with pytest.raises(TMVError) as error:
            open_dataset(f"{prefix}:{url}", None, tmp_path, tmp_path / "cache")
        assert "secret" not in str(error.value)


def test_braces_do_not_lead_out_of_what_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMV_REMOTE", "https://host/sets")
    for url in ("https://host/sets/{a,../b}/x.tar", "https://host/set{s,tings}/x.tar"):
        with pytest.raises(TMVError):
            open_dataset(f"wds:{url}", None, tmp_path, tmp_path / "cache")


def test_names_stay_addresses_of_one_spelling(tmp_path: Path) -> None:
    names = OwnNames(tmp_path)
    assert own_name("wds:s3://Bucket/Pre/fix/", names) == "wds:s3://bucket/Pre/fix"
    assert own_name("folder:s3://bucket/pre", names) == "folder:s3://bucket/pre"
    assert names.of("wds:s3://bucket/x") == "wds:s3://bucket/x"
    assert names.earlier("wds:s3://bucket/x") == ()
    assert find_dataset("wds:s3://bucket/birds").title == "birds"
    assert address_of("s3://bucket/a/x-{0..3}.tar").folder.url == "s3://bucket/a"


def test_what_is_not_allowed_is_told_with_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMV_REMOTE", raising=False)
    for name in ("wds:s3://bucket/x", "folder:s3://bucket/x", "wds:https://host/x-{0..3}.tar"):
        with pytest.raises(TMVError, match="TMV_REMOTE"):
            open_dataset(name, None, tmp_path, tmp_path / "cache")
    for name in ("folder:https://host/x", "captions:s3://bucket/x"):
        with pytest.raises(TMVError):
            open_dataset(name, None, tmp_path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setenv("TMV_REMOTE", "s3://bucket")
    remote_s3._bucket_of.cache_clear()
    with pytest.raises(TMVError, match=r"requirements-remote\.txt"):
        open_dataset("wds:s3://bucket/x", None, tmp_path, tmp_path / "cache")
