"""What a visitor does, from the source's bare action names to Segment's e-commerce events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar, NamedTuple

from orchestrator.shop.cart import Cart
from orchestrator.shop.product import CURRENCY, Catalogue, Product
from orchestrator.shop.visit import Visit

_SEARCHES = ("gift", "sale", "new in", "set", "small", "for two", "in oak", "in wool")
_FILTERS = (("price", "under-50"), ("price", "50-to-100"), ("rating", "4-and-up"), ("stock", "available"))
_PAYMENT_METHODS = ("card", "card", "card", "invoice", "instalments")
_SHIPPING_METHODS = ("standard", "standard", "express", "pick-up")
_PAYMENT_ERRORS = ("card_declined", "insufficient_funds", "expired_card", "authentication_failed", "provider_timeout")
_CHECKOUT_ERRORS = ("address_not_accepted", "button_without_effect", "session_expired")
_CHAT_TOPICS = ("delivery", "product question", "returns", "order status")
_PROMOTION = {"promotion_id": "spring-10", "name": "10 % off with SPRING10", "creative": "banner", "position": "top"}
_DISCOUNT = 0.1
_SHIPPING_CENTS = 490
_SHIPPING_FREE_FROM_CENTS = 6000


class Call(NamedTuple):
    """One tracker call: ``kind`` is track or page, ``path`` the page that it is made on."""

    kind: str
    name: str
    properties: dict[str, Any]
    path: str


class Shopping:
    """One visit: what is looked at, put in the cart and bought."""

    def __init__(self, visit: Visit, favourites: tuple[str, ...], catalogue: Catalogue, rng: Random) -> None:
        self._visit = visit
        self._catalogue = catalogue
        self._rng = rng
        self._category = rng.choice(favourites) if rng.random() < 0.75 else rng.choice(catalogue.names)
        self._product = catalogue.any_of(self._category, rng)
        self._cart = Cart(self._cart_id(1))
        self._ordered: Cart | None = None
        self._method = rng.choice(_PAYMENT_METHODS)
        self._coupon: str | None = None
        self._failures: list[str] = []

    def act(self, action: str) -> Call:
        """The tracker call for the next action of the source."""
        return self._ACTIONS[action](self)

    def _cart_id(self, count: int) -> str:
        return f"cart_{self._visit.id.removeprefix('sess_')}-{count}"

    def _filled_cart(self) -> Cart:
        """The cart, with at least one product: the source knows checkouts without any "add to cart"."""
        if not self._cart.quantities:
            self._cart.add(self._product)
        return self._cart

    def _checkout_cart(self) -> Cart:
        """The cart at the till: the source has steps of a checkout after its purchase."""
        if self._ordered is not None and not self._cart.quantities:
            return self._ordered
        return self._filled_cart()

    def _others(self, count: int) -> list[dict[str, Any]]:
        products = self._catalogue.categories[self._category]
        first = self._rng.randrange(len(products))
        return [products[(first + step) % len(products)].short() for step in range(count)]

    def _list(self) -> dict[str, Any]:
        return {"list_id": self._category.lower(), "category": self._category, "products": self._others(3)}

    def _list_path(self) -> str:
        return f"/c/{self._category.lower()}"

    def _do_home(self) -> Call:
        return Call("page", "Home", {}, "/")

    def _do_account_page(self) -> Call:
        return Call("page", "Account", {}, "/account")

    def _do_promo_page(self) -> Call:
        if self._rng.random() < 0.3:
            self._coupon = "SPRING10"
        return Call("track", "Promotion Viewed", dict(_PROMOTION), "/offers/spring")

    def _do_catalog(self) -> Call:
        if self._rng.random() < 0.15:
            self._category = self._rng.choice(self._catalogue.names)
        return Call("track", "Product List Viewed", self._list(), self._list_path())

    def _do_filter_results(self) -> Call:
        kind, value = self._rng.choice(_FILTERS)
        properties = self._list() | {"filters": [{"type": kind, "value": value}]}
        return Call("track", "Product List Filtered", properties, self._list_path())

    def _do_search(self) -> Call:
        query = f"{self._category.lower()} {self._rng.choice(_SEARCHES)}"
        return Call("track", "Products Searched", {"query": query}, "/search")

    def _do_product_view(self) -> Call:
        if self._rng.random() < 0.85:
            self._product = self._next_product()
        return Call("track", "Product Viewed", dict(self._product.properties), self._product.path)

    def _next_product(self) -> Product:
        category = self._category if self._rng.random() < 0.85 else self._rng.choice(self._catalogue.names)
        return self._catalogue.any_of(category, self._rng)

    def _do_review_page(self) -> Call:
        properties = self._product.properties | {"rating": round(3.4 + 1.6 * self._rng.random(), 1)}
        return Call("track", "Product Reviews Viewed", properties, f"{self._product.path}/reviews")

    def _do_compare(self) -> Call:
        return Call("track", "Products Compared", {"category": self._category, "products": self._others(2)}, "/compare")

    def _do_wishlist_add(self) -> Call:
        properties = {"wishlist_id": f"wish_{self._visit.user_id.removeprefix('user_')}"} | self._product.properties
        return Call("track", "Product Added to Wishlist", properties, self._product.path)

    def _do_add_to_cart(self) -> Call:
        self._cart.add(self._product)
        properties = self._product.properties | {"quantity": 1} | self._cart.sum()
        return Call("track", "Product Added", properties, self._product.path)

    def _do_cart(self) -> Call:
        return Call("track", "Cart Viewed", self._cart.sum() | {"products": self._cart.products()}, "/cart")

    def _do_shipping_details(self) -> Call:
        cart = self._checkout_cart()
        properties = {"checkout_id": cart.id, "step": 1, "shipping_method": self._rng.choice(_SHIPPING_METHODS)}
        return Call("track", "Checkout Step Completed", properties | cart.sum(), "/checkout/delivery")

    def _do_payment_details(self) -> Call:
        cart = self._checkout_cart()
        properties = {"checkout_id": cart.id, "step": 2, "payment_method": self._method}
        return Call("track", "Payment Info Entered", properties | cart.sum(), "/checkout/payment")

    def _do_purchase(self) -> Call:
        cart = self._filled_cart()
        discount = round(cart.total_cents * _DISCOUNT) if self._coupon else 0
        subtotal = cart.total_cents - discount
        shipping = 0 if subtotal >= _SHIPPING_FREE_FROM_CENTS else _SHIPPING_CENTS
        properties = {
            "order_id": f"HH-{cart.id.removeprefix('cart_')}",
            "cart_id": cart.id,
            "revenue": subtotal / 100,
            "shipping": shipping / 100,
            "discount": discount / 100,
            "total": (subtotal + shipping) / 100,
            "currency": CURRENCY,
            "payment_method": self._method,
            "products": cart.products(),
        }
        if self._coupon:
            properties["coupon"] = self._coupon
        self._ordered, self._cart, self._coupon = cart, Cart(self._cart_id(2)), None
        return Call("track", "Order Completed", properties, "/checkout/thanks")

    def _do_payment_error(self) -> Call:
        self._failures.append("payment")
        properties = self._filled_cart().sum() | {
            "payment_method": self._method,
            "error_code": self._rng.choice(_PAYMENT_ERRORS),
            "attempt": self._failures.count("payment"),
        }
        return Call("track", "Payment Failed", properties, "/checkout/payment")

    def _do_checkout_bug(self) -> Call:
        self._failures.append("checkout")
        properties = self._filled_cart().sum() | {"error_code": self._rng.choice(_CHECKOUT_ERRORS)}
        return Call("track", "Checkout Failed", properties, "/checkout/delivery")

    def _do_error_page(self) -> Call:
        return Call("track", "Error Viewed", {"code": self._rng.choice((404, 404, 500, 503))}, "/error")

    def _do_support_chat(self) -> Call:
        topic = self._failures[-1] if self._failures else self._rng.choice(_CHAT_TOPICS)
        chat_id = f"chat_{self._visit.id.removeprefix('sess_')}"
        properties = {"chat_id": chat_id, "topic": topic, "product": self._product.name}
        return Call("track", "Support Chat Started", properties, "/help")

    _ACTIONS: ClassVar[Mapping[str, Callable[[Shopping], Call]]] = {
        "home": _do_home,
        "account_page": _do_account_page,
        "promo_page": _do_promo_page,
        "catalog": _do_catalog,
        "filter_results": _do_filter_results,
        "search": _do_search,
        "product_view": _do_product_view,
        "review_page": _do_review_page,
        "compare": _do_compare,
        "wishlist_add": _do_wishlist_add,
        "add_to_cart": _do_add_to_cart,
        "cart": _do_cart,
        "shipping_details": _do_shipping_details,
        "payment_details": _do_payment_details,
        "purchase": _do_purchase,
        "payment_error": _do_payment_error,
        "checkout_bug": _do_checkout_bug,
        "error_page": _do_error_page,
        "support_chat": _do_support_chat,
    }
